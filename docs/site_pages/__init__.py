"""What makes pages that are written for a Git hosting page into a site; MkDocs begins in `hooks`."""
