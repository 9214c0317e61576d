"""What the steps of notebooks/explore.ipynb share.

Made by `millwright notebook promote`: change the notebook, and promote again.
"""

import json
import os
import random

import pandas as pd


def share(flags: pd.Series) -> float:
    """How many of them hold, from 0 to 1."""
    return round(float(flags.mean()), 6)
