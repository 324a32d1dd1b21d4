"""Attacks on what is published: each a way to work a withheld figure out, none of them the library's own audit."""
