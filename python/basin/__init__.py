"""PyTorch training runs as basin checkpoints, and basin's results as numpy arrays.

    import basin
    basin.save_checkpoint("runs/a/step_000100.h5", model, loss="cross_entropy", optimizer=optimizer, train=(x, y))
"""
from .checkpoint import save_checkpoint
from .contents import contents
from .convert import Conversion, convert
from .error import Error
from .figure import Figure, plot
from .recorder import Recorder
from .result import Result, StoredResult, load_result

__all__ = [
    "Conversion", "Error", "Figure", "Recorder", "Result", "StoredResult", "contents", "convert", "load_result", "plot", "save_checkpoint"
]
__version__ = "0.1.0"
