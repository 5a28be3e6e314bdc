"""Packs: the review of a month or a quarter, of a product or the whole, as page, DOCX and PPTX."""
