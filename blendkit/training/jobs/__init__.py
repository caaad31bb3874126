"""What the training commands start: files in, a trained and judged model out."""
