"""The page's HTTP server (aiohttp) and the data that it serves."""
