/**
 * What the API changes: checked, kept in versions, turned into an overlay of the file.
 */
@NullMarked
package io.plinth.geodns.change;

import org.jspecify.annotations.NullMarked;
