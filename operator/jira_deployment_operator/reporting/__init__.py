"""From records to Jira: what is due, in which order, in which batches, again and again until it is answered."""
