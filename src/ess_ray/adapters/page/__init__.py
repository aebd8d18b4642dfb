"""The page's HTTP server (aiohttp) and what it answers."""
