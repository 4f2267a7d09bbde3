/**
 * From the file, zone files and databases to a snapshot, and again when they change.
 */
@NullMarked
package io.plinth.geodns.load;

import org.jspecify.annotations.NullMarked;
