// SwiftPM wants a source file in a C target; the shim is its header.
