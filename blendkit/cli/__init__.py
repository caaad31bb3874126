"""The command line: `commands` has one thin file per command, and each calls one public function."""
