"""What the commands share about stacks: the Pulumi CLI, states, pending creates, the search for orphans."""
