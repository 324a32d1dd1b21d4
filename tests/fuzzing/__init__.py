"""Inputs that were never meant to be read: made by kind, from a number, so that each can be made again. See `engine`."""
