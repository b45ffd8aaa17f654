"""The few calls to the API server that the operator makes besides kopf's watches."""
