"""Which objects hold which days, and when each is due."""
