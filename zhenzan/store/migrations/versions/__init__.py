"""One file a version, in the order of their numbers; a file is never changed once released."""
