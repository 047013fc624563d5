"""Settings of all tests.  Where the published data lies: the environment variable TINYDMN_DATA, a folder that holds babi/."""

from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True, max_examples=25)   # a first call compiles: no deadline
settings.register_profile("thorough", deadline=None, max_examples=200)              # pytest --hypothesis-profile thorough
settings.load_profile("ci")
