"""What users write and read: annotations, the `JiraDeployment` record, its conditions and reasons."""
