"""Pages: HTML that needs nothing but a browser."""
