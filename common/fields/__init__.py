"""What schemas and declarations are made of: field types, schema bases, names, and records inside other shapes."""
