"""Notebooks, written as Python files and built with their outputs and pictures."""
