"""What touches Pulumi below its public interface."""
