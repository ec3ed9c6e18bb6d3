"""Public data fetched over the internet: where they are, how they arrive whole, and what is kept of them."""
