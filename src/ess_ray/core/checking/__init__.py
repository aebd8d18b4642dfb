"""What a device's answers say about its map: findings and what to try instead."""
