/** What is made before the first start: development certificates, the country database. */
@NullMarked
package io.plinth.deploy.prepare;

import org.jspecify.annotations.NullMarked;
