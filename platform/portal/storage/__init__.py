"""Arrays under the hash of their content, over Django's storage interface."""

from portal.storage.arrays import MissingArray, get_array, has_array, put_array

__all__ = ["MissingArray", "get_array", "has_array", "put_array"]
