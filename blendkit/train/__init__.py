"""Training on top of frozen models: sequence heads, pseudo-labels, students. torch is imported only here, and late."""
