"""What the templates of the chart use."""
