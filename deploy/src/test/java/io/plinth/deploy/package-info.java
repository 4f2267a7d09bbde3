/** Tests of the plinth command. */
@NullMarked
package io.plinth.deploy;

import org.jspecify.annotations.NullMarked;
