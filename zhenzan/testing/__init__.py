"""What tests need to make: small streams of interactions."""
