/**
 * The addresses of names elsewhere, for ALIAS: asked in the background, kept by name and client network.
 */
@NullMarked
package io.plinth.geodns.alias;

import org.jspecify.annotations.NullMarked;
