"""Matrix functions that hold up when channels differ by orders of magnitude or depend on each other."""

from lamina.linalg.inverse_roots import inverse_sqrt
from lamina.linalg.signs import fix_signs

__all__ = ["fix_signs", "inverse_sqrt"]
