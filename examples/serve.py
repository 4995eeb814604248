"""Serves the champion over HTTP and follows its link: `python examples/serve.py state/models/loans/champion 8000`."""

import json
import sys
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd

from duetmind_adaptive import load_model

LINK = Path(sys.argv[1])
#: loads a version once; of two, so that a request that began before a switch ends with the version it began with
load = lru_cache(maxsize=2)(load_model)


class Predict(BaseHTTPRequestHandler):
    """Rows as a JSON list in, predictions out."""

    def do_POST(self) -> None:
        """Answer with the version that the link points to at this moment."""
        version = LINK.resolve()
        rows = pd.DataFrame(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answer = json.dumps({"version": version.parent.name, "prediction": load(version).predict(rows).tolist()})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.encode())


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Predict).serve_forever()
