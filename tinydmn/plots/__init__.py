"""Pictures.  Each function saves one and returns its path; the path's ending (.png, .svg, .pdf) chooses the format.

No window opens unless `show=True`, which hands the saved file to the system's viewer.  What colour says, shade, shape or a label says as well.
"""

from . import loading                                      # first: it loads Matplotlib
from .attention import plot_attention, plot_attentions
from .confusion import plot_confusion
from .curves import plot_gradient_norms, plot_training
from .tables import plot_table
from .tags import plot_cost, plot_passes, plot_word_gates, power
from .words import plot_decoding, plot_gru, plot_word_attention

__all__ = ["plot_attention", "plot_attentions", "plot_confusion", "plot_cost", "plot_decoding", "plot_gradient_norms", "plot_gru", "plot_passes",
           "plot_table", "plot_training", "plot_word_attention", "plot_word_gates", "power"]
