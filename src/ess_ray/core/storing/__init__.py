"""What is committed when: groups of samples, what is in flight, refused rows."""
