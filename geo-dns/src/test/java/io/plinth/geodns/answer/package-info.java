/** Tests. */
@NullMarked
package io.plinth.geodns.answer;

import org.jspecify.annotations.NullMarked;
