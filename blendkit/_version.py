"""blendkit's version: that of what is installed, which its newest tag gave it when it was built."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("blendkit")
except PackageNotFoundError:  # a source tree on the path that was never installed
    __version__ = "0+unknown"
