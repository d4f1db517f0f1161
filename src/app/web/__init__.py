"""The web application: an HTTP API and a page that recognise the digits of pictures."""
