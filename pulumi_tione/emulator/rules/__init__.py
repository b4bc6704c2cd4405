"""What a request may say beyond names and types: what the vendor documents, and elsewhere the strictest guess."""
