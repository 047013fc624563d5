"""tinydmn: the Dynamic Memory Network (Kumar et al., ICML 2016) with every derivative written by hand."""

__version__ = "0.1.0"
