/** Tests. */
@NullMarked
package io.plinth.geodns.policy;

import org.jspecify.annotations.NullMarked;
