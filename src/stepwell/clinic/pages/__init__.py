"""What all pages share: the base templates, the stylesheet and the script."""
