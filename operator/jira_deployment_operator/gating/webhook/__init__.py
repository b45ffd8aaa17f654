"""The mutating webhook: enforces holds in clusters that have no MutatingAdmissionPolicy."""
