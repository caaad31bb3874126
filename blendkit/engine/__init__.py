"""Engines run a plan. The local one streams recordings through members on this machine."""
