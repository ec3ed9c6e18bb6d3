"""What every HTTP operation shares: parameters, negotiation, answers, problems, the API description."""
