"""Says whether a loss is near the best that a line can do."""

import json
import sys

print(json.dumps(float(sys.argv[1]) < 0.1))
