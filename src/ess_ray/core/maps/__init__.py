"""What is where: data standard, register maps, and the request plan made from them."""
