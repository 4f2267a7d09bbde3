/** Tests. */
@NullMarked
package io.plinth.deploy.start;

import org.jspecify.annotations.NullMarked;
