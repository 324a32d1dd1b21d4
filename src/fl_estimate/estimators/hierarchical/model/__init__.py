"""What the models are made of: priors, links, structures of effects, posteriors, accuracy and bias of sources."""
