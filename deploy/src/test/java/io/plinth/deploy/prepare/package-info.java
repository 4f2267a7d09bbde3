/** Tests. */
@NullMarked
package io.plinth.deploy.prepare;

import org.jspecify.annotations.NullMarked;
