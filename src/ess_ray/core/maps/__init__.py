"""The data standard, register maps, and the request plans made from them: which register fills which column."""
