"""ONNX graphs: what goes in and comes out, sessions, block taps, and graphs cut to what is asked."""
