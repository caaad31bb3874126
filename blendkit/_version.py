"""blendkit's version; a release changes it here and nowhere else."""

__version__ = "0.1.0"
