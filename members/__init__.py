"""The members that come with blendkit; each is registered as a third party's would be."""
