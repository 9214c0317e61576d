"""
What all sessions of the mlflow client have in common: one client, nothing asked for twice, no noise, and standard output for the answer alone. To be
imported before mlflow is.
"""

import json
import os
import warnings

os.environ.setdefault('MLFLOW_HTTP_REQUEST_MAX_RETRIES', '1')
os.environ.setdefault('MLFLOW_DISABLE_TELEMETRY', 'true')
warnings.simplefilter('ignore')

import logging

from mlflow import MlflowClient

logging.disable(logging.CRITICAL)
_out = os.dup(1)
os.dup2(2, 1)
client = MlflowClient()


def tell(value):
    """Says what was seen, as JSON, and ends the answer."""
    with os.fdopen(_out, 'w') as file:
        json.dump(value, file)
