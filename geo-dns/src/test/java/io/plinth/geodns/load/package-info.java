/** Tests of what the file says, loaded as a node loads it. */
@NullMarked
package io.plinth.geodns.load;

import org.jspecify.annotations.NullMarked;
